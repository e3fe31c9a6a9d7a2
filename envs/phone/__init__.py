"""A simulated Android phone: no Android and no emulator, but the real ADB protocol in front of it."""
