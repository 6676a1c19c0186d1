"""Is there any way for sound to leave the box?"""
