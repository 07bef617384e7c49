"""The pictures the README shows, and beside each the text that stood on the page when it was taken."""
