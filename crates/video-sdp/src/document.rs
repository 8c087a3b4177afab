//! A description, cut into sections and put together again without a loss.

use std::fmt;

use crate::line::Line;
use crate::section::Section;

/// A session description. Written out it is what was read, unless a section was edited.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    sections: Vec<Section<'a>>,
}

impl<'a> Document<'a> {
    pub(crate) fn parse(sdp: &'a str) -> Self {
        let mut sections = Vec::new();
        let mut section = Section::default();
        for line in Line::all(sdp) {
            if line.text().starts_with("m=") {
                sections.push(std::mem::take(&mut section));
            }
            section.push(line);
        }
        sections.push(section);
        Self { sections }
    }

    /// The sections of audio, or of video.
    pub(crate) fn media(&self, kind: &str) -> impl Iterator<Item = &Section<'a>> {
        self.sections.iter().filter(move |s| s.is_of(kind))
    }

    /// The sections of audio, or of video, to be edited.
    pub(crate) fn media_mut(&mut self, kind: &str) -> impl Iterator<Item = &mut Section<'a>> {
        self.sections.iter_mut().filter(move |s| s.is_of(kind))
    }
}

impl fmt::Display for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sections.iter().try_for_each(|section| section.fmt(f))
    }
}
