"""Appeals (诉求): what people ask for, and the duties towards each of them."""
