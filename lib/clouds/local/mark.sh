# shellcheck shell=bash disable=SC2034,SC2154
# Marks a cluster that is there as that of the state `owner`.

mark
