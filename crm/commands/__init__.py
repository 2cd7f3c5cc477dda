"""The families of commands of `arzesh`."""
