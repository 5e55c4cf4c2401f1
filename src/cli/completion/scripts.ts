export type Shell = 'bash' | 'zsh'

/** What a shell runs to complete `galaxy`: it asks `galaxy __complete`, so that it knows what that very program knows. */
export function completionScript(shell: Shell): string {
  return shell === 'bash' ? BASH : ZSH
}

// What bash takes for a word ends at = and :, so the line is cut at blanks here, and what bash has of the word is kept as it is.
// The command's own word is evaluated, so that an alias works too.
const BASH = String.raw`# bash completion for galaxy: source <(galaxy completion bash)
_galaxy_complete() {
  local line=${'$'}{COMP_LINE:0:COMP_POINT} directive= value word prefix
  local -a words
  COMPREPLY=()
  read -r -a words <<< "$line"
  while (( ${'$'}{#words[@]} > 1 )) && [[ ${'$'}{words[0]} != "${'$'}{COMP_WORDS[0]}" ]]; do words=("${'$'}{words[@]:1}"); done
  [[ $line == *[[:space:]] ]] && words+=('')
  word=${'$'}{words[${'$'}{#words[@]}-1]}
  local part=${'$'}{COMP_WORDS[COMP_CWORD]}
  [[ $part == [=:] ]] && part=
  prefix=${'$'}{word%"$part"}
  while IFS=$'\t' read -r value _; do
    if [[ -z $directive ]]; then directive=$value
    else COMPREPLY+=("${'$'}{value#"$prefix"}")
    fi
  done < <(eval "${'$'}{words[0]}"' __complete -- "${'$'}{words[@]:1}"' 2> /dev/null)
  case $directive in
    files)
      compopt -o filenames 2> /dev/null
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$part")
      ;;
    open)
      compopt -o nospace 2> /dev/null
      ;;
  esac
}
complete -F _galaxy_complete galaxy
`

const ZSH = String.raw`#compdef galaxy
# zsh completion for galaxy: source <(galaxy completion zsh), or into a file _galaxy of a folder in $fpath
_galaxy() {
  local directive line
  local -a lines found more
  lines=("${'$'}{(@f)$(eval "${'$'}{words[1]}"' __complete -- "${'$'}{(@)words[2,CURRENT]}"' 2> /dev/null)}")
  directive=${'$'}{lines[1]}
  shift lines
  if [[ $directive == files ]]; then
    _files
    return
  fi
  [[ $directive == open ]] && more=(-S '')
  for line in $lines; do
    found+=("${'$'}{${'$'}{line%%$'\t'*}//:/\\:}:${'$'}{line#*$'\t'}")
  done
  _describe galaxy found $more
}
if [[ ${'$'}{funcstack[1]} == _galaxy ]]; then
  _galaxy "$@"
else
  compdef _galaxy galaxy
fi
`
