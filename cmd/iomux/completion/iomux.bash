# Completion of iomux for bash. It needs no package. Bash splits words at : and =, so the words are
# taken from the line, and the part before the last : or = is cut off from the offers.
_iomux() {
	local line=${COMP_LINE:0:COMP_POINT} current before offer directive=0
	local -a words offers
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	current=${words[-1]}
	while IFS= read -r offer; do
		offers+=("${offer%%$'\t'*}")
	done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
	if ((${#offers[@]})); then
		directive=${offers[-1]#:}
		unset 'offers[-1]'
	fi
	before=${current%"${current##*[:=]}"}
	COMPREPLY=()
	for offer in "${offers[@]}"; do
		[[ $offer == "$current"* ]] || continue
		printf -v offer %q "${offer#"$before"}" # a name may have spaces
		COMPREPLY+=("$offer")
	done
	((directive & 2)) && compopt -o nospace
	if ((${#COMPREPLY[@]} == 0 && !(directive & 4))); then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "${current#"$before"}")
	fi
}
complete -F _iomux iomux
