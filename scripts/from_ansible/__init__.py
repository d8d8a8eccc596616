"""An Ansible inventory of dojot/ansible-dojot v0.6.0, read and turned into a target."""
