"""Does the approved model still see what it was approved on? The day's texts in, drift out."""
