//! A section of a description: a media line and what follows it, up to the next.

use std::fmt;

use crate::fmtp::Fmtp;
use crate::line::Line;
use crate::media_line::MediaLine;
use crate::payload::{Payload, PayloadSet};

/// The lines of a section, those before the first media line being a section too.
#[derive(Debug, Default)]
pub(crate) struct Section<'a> {
    lines: Vec<Line<'a>>,
}

impl<'a> Section<'a> {
    pub(crate) fn push(&mut self, line: Line<'a>) {
        self.lines.push(line);
    }

    /// Whether this is a section of audio, or of video.
    pub(crate) fn is_of(&self, kind: &str) -> bool {
        self.lines.first().is_some_and(|line| {
            let rest = line.text().strip_prefix("m=");
            let word = rest.and_then(|rest| rest.split(' ').next());
            word.is_some_and(|word| word.eq_ignore_ascii_case(kind))
        })
    }

    /// The name of the section within the description.
    pub(crate) fn mid(&self) -> Option<&str> {
        let mut mids = self.lines.iter().filter_map(|line| line.attribute("mid"));
        mids.next().map(str::trim)
    }

    /// The payload types of a codec, whose name is read in upper or lower case.
    pub(crate) fn payloads_of(&self, codec: &str) -> PayloadSet {
        let codecs = self.lines.iter().filter_map(Line::codec);
        codecs
            .filter(|(_, name)| name.eq_ignore_ascii_case(codec))
            .map(|(payload, _)| payload)
            .collect()
    }

    /// These payload types, and those that carry their retransmissions.
    pub(crate) fn with_retransmissions(&self, mut payloads: PayloadSet) -> PayloadSet {
        let rtx = self.payloads_of("rtx");
        let carriers: Vec<Payload> = self
            .fmtps()
            .filter(|fmtp| rtx.contains(fmtp.payload))
            .filter(|fmtp| fmtp.values("apt").any(|apt| payloads.contains_word(apt)))
            .map(|fmtp| fmtp.payload)
            .collect();
        payloads.extend(carriers);
        payloads
    }

    /// The payload types that have a parameter, with a value that will do.
    pub(crate) fn payloads_with(&self, name: &str, is_meant: impl Fn(&str) -> bool) -> PayloadSet {
        self.fmtps()
            .filter(|fmtp| fmtp.values(name).any(&is_meant))
            .map(|fmtp| fmtp.payload)
            .collect()
    }

    /// Gives a parameter of these payload types another value, where they have it.
    pub(crate) fn change_parameter(&mut self, payloads: PayloadSet, name: &str, value: &str) {
        for line in &mut self.lines {
            if let Some(fmtp) = fmtp_of(line, payloads) {
                let text = fmtp.with_changed(name, value);
                line.set_text(text);
            }
        }
    }

    /// Gives these payload types a parameter, where they lack it.
    pub(crate) fn add_parameter(&mut self, payloads: PayloadSet, name: &str, value: &str) {
        let mut lacking = payloads.without(self.payloads_with(name, |_| true));
        for line in &mut self.lines {
            if let Some(fmtp) = fmtp_of(line, lacking) {
                lacking.remove(fmtp.payload);
                let text = fmtp.with_added(name, value);
                line.set_text(text);
            }
        }
        for at in (0..self.lines.len()).rev() {
            if let Some((payload, _)) = self.lines[at].codec()
                && lacking.remove(payload)
            {
                self.insert_after(at, format!("a=fmtp:{payload} {name}={value}"));
            }
        }
    }

    /// Takes parameters away from these payload types, and the lines that held nothing else.
    pub(crate) fn keep_parameters(
        &mut self,
        payloads: PayloadSet,
        keep: impl Fn(&str, &str) -> bool,
    ) {
        self.retain(|line| {
            let Some(fmtp) = fmtp_of(line, payloads) else {
                return true;
            };
            let text = fmtp.with_kept(&keep);
            let is_kept = text.is_some();
            if let Some(text) = text {
                line.set_text(text);
            }
            is_kept
        });
    }

    /// Puts these payload types in front.
    pub(crate) fn prefer(&mut self, payloads: PayloadSet) {
        if let Some(line) = self.lines.first_mut()
            && let Some(media) = MediaLine::parse(line.text())
        {
            let text = media.with_first(payloads);
            line.set_text(text);
        }
    }

    /// Removes these payload types and the lines about them, unless none would be left.
    pub(crate) fn remove(&mut self, payloads: PayloadSet) {
        if let Some(line) = self.lines.first_mut()
            && let Some(media) = MediaLine::parse(line.text())
            && let Some(text) = media.without(payloads)
        {
            line.set_text(text);
            self.retain(|line| {
                !["rtpmap", "fmtp", "rtcp-fb"]
                    .into_iter()
                    .filter_map(|name| line.format_attribute(name))
                    .any(|(payload, _)| payloads.contains(payload))
            });
        }
    }

    fn fmtps(&self) -> impl Iterator<Item = Fmtp<'_>> {
        self.lines
            .iter()
            .filter_map(|line| Fmtp::parse(line.text()))
    }

    /// Inserts a line that ends as its neighbours do.
    fn insert_after(&mut self, at: usize, text: String) {
        let end = self.lines[at].end();
        if end.is_empty() {
            let above = at.checked_sub(1).map_or("\r\n", |at| self.lines[at].end());
            self.lines[at].set_end(above);
        }
        self.lines.insert(at + 1, Line::new(text, end));
    }

    /// Drops lines. A description without an end of line at its end stays so, but for a blank line,
    /// which is nothing else.
    fn retain(&mut self, keep: impl FnMut(&mut Line<'a>) -> bool) {
        let end = self.lines.last().map_or("", Line::end);
        self.lines.retain_mut(keep);
        if end.is_empty()
            && let Some(last) = self.lines.last_mut()
            && !last.text().is_empty()
        {
            last.set_end(end);
        }
    }
}

impl fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| line.fmt(f))
    }
}

/// What a line says of the parameters of one of these payload types.
fn fmtp_of<'l>(line: &'l Line<'_>, payloads: PayloadSet) -> Option<Fmtp<'l>> {
    Fmtp::parse(line.text()).filter(|fmtp| payloads.contains(fmtp.payload))
}
