"""Setting the device up by voice and text: pure rules, as those of the conversation are."""
