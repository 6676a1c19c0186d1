"""Generated street scenarios with known truth, and how the box judged them."""
