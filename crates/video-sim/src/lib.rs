//! Simulation and benchmarks of the Stream Video client against its embedded coordinator.
