# shellcheck shell=sh
# runuser and su without a PAM environment start login shells without a language.
if [ -z "${LANG-}" ] && [ -r /etc/locale.conf ]; then
  . /etc/locale.conf
  export LANG
fi
