/**
 * The one shell text of the sandbox. It holds no values: these come as positional parameters.
 *
 *   $1  options for the overlay, or "" when the root is ready as it is
 *   $2  where to mount it
 *   $3  how many processes and threads there may be at a time
 *   $@  the command, after `shift 3`
 *
 * Writes to descriptor 4 `first` and its process number as `/proc`, still the caller's, knows it.
 * From there on /proc is that of the new pid namespace, where the kernel allows it: bubblewrap looks its child up in it.
 * Runs as the mapped root of a new user and mount namespace, so that the mount is gone with its processes.
 * Descriptors which a careless ancestor left open are closed: a build must not inherit them.
 * A command that forks without end meets a limit before the host does: that of processes and threads in the pid namespace
 * where the kernel has one each (Linux 6.14), else that of the user, which means nothing to root. When memory is short the
 * kernel ends what runs here first.
 */
export const enterScript: string = `
set -e
read -r pid rest </proc/self/stat
echo "first $pid" >&4
mount -n -t proc proc /proc 2>/dev/null || :
umask 022
exec 2>&1
{ echo "$3" >/proc/sys/kernel/pid_max || :; } 2>/dev/null
ulimit -u "$3" 2>/dev/null || :
{ echo 500 >/proc/self/oom_score_adj || :; } 2>/dev/null
for fd in /proc/self/fd/*; do
  fd=\${fd##*/}
  case $fd in
    0|1|2|3|4|*[!0-9]*) ;;
    *) eval "exec $fd>&-" ;;
  esac
done
if [ -n "$1" ]; then mount -n -t overlay -o "$1" overlay "$2"; fi
shift 3
exec bwrap --args 3 -- "$@"
`;

/**
 * What `script` runs on the terminal that it makes: the words of the chain, which come on a descriptor as there is no other
 * way for values past its shell.
 */
export const terminalScript: string = `exec bash --norc --noprofile -c 'mapfile -d "" -t words <&5; exec 5<&-; exec "\${words[@]}"'`;
