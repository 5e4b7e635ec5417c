"""Understanding: from text to a meaning, or to the reason why there is none."""
