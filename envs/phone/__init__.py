"""A simulated Android phone behind the real ADB protocol: Chromium and web apps, no Android and no emulator."""
