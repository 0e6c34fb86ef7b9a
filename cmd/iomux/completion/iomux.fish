# Completion of iomux for fish. Fish adds no space after an offer that ends with : or /.
function __iomux_offers
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l typed (string unescape -- $current; or printf '%s\n' $current)
	set -l offers ($words[1] __complete $words[2..-1] $typed 2>/dev/null)
	set -l directive (string trim -l -c : -- $offers[-1])
	set -e offers[-1]
	if set -q offers[1]
		printf '%s\n' $offers
	else if test "$directive" = 0
		__fish_complete_path $current
	end
end
complete -c iomux -f -a '(__iomux_offers)'
