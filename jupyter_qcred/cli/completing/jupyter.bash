# `jupyter qcred …` like `jupyter-qcred …`; whatever else completes `jupyter` goes on doing so.
_jupyter_qcred_others="$(complete -p jupyter 2>/dev/null | sed -n 's/.* -F \([^ ]*\) .*/\1/p')"
[ "$_jupyter_qcred_others" = _jupyter_qcred_of_jupyter ] && _jupyter_qcred_others=""

_jupyter_qcred_of_jupyter() {
  if [ "${COMP_WORDS[1]}" = qcred ] && [ "$COMP_CWORD" -gt 1 ]; then
    COMP_WORDS=(jupyter-qcred "${COMP_WORDS[@]:2}")
    COMP_CWORD=$((COMP_CWORD - 1))
    _shtab_jupyter_qcred jupyter-qcred "$2" "$3"
  elif [ -n "$_jupyter_qcred_others" ]; then
    "$_jupyter_qcred_others" "$@"
  elif [ "$COMP_CWORD" = 1 ]; then
    # `jupyter NAME` runs `jupyter-NAME`.
    local word
    COMPREPLY=()
    while IFS= read -r word; do
      COMPREPLY+=("${word#jupyter-}")
    done < <(compgen -c "jupyter-$2" | sort -u)
  fi
}

complete -o bashdefault -o default -F _jupyter_qcred_of_jupyter jupyter
