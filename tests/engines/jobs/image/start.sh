#!/bin/sh
# In place of an image's own start script: as there, Gunicorn takes the shell's place.
exec python3 -m gunicorn webRoutes:app --bind "$TEST_LISTEN" --reload --log-file -
