# `jupyter qcred …` like `jupyter-qcred …`; whatever else completes `jupyter` goes on doing so.
_jupyter_qcred_others="${_comps[jupyter]:-}"
[[ $_jupyter_qcred_others == _jupyter_qcred_of_jupyter ]] && _jupyter_qcred_others=""

_jupyter_qcred_of_jupyter() {
  if [[ ${words[2]} == qcred ]] && (( CURRENT > 2 )); then
    words=(jupyter-qcred "${(@)words[3,-1]}")
    (( CURRENT-- ))
    _shtab_jupyter_qcred
  elif [[ -n $_jupyter_qcred_others ]]; then
    $_jupyter_qcred_others "$@"
  elif (( CURRENT == 2 )); then
    # `jupyter NAME` runs `jupyter-NAME`.
    compadd -- ${${(k)commands[(I)jupyter-*]}#jupyter-}
  else
    _files
  fi
}

(( $+functions[compdef] )) && compdef _jupyter_qcred_of_jupyter jupyter
