#compdef iomux
# Completion of iomux for zsh.
compdef _iomux iomux
_iomux() {
	local offer directive
	local -a offers names shown space
	offers=("${(@f)$(${(Q)~words[1]} __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
	directive=${offers[-1]#:}
	offers[-1]=()
	for offer in "${offers[@]}"; do
		names+=("${offer%%$'\t'*}")
		shown+=("${offer/$'\t'/  -- }")
	done
	((directive & 2)) && space=(-S '')
	compadd -l -d shown "${space[@]}" -a names && return
	((directive & 4)) || _files
}
# The function completes at once if compinit has loaded this file as the function.
[[ ${funcstack[1]} == _iomux ]] && _iomux
