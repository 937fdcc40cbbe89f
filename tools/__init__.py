"""What keeps the repository itself: releases and the coverage badge. Standard library only; not shipped."""
