/**
 * The one shell text of the sandbox. It holds no values: these come as positional parameters.
 *
 *   $1  options for the overlay, or "" when the root is ready as it is
 *   $2  where to mount it
 *   $3  how many processes and threads there may be at a time
 *   $4  the program that runs a relay, or "" where there is none
 *   $5  the relay, $6 its port and $7 its socket
 *   $@  the command, after `shift 7`
 *
 * Writes to descriptor 4 `first` and its process number as `/proc`, still the caller's, knows it.
 * From there on /proc is that of the new pid namespace, where the kernel allows it: bubblewrap looks its child up in it.
 * Runs as the mapped root of a new user and mount namespace, so that the mount is gone with its processes.
 * Descriptors which a careless ancestor left open are closed: a build must not inherit them.
 * A command that forks without end meets a limit before the host does: that of processes and threads in the pid namespace
 * where the kernel has one each (Linux 6.14), else that of the user, which means nothing to root. When memory is short the
 * kernel ends what runs here first.
 * A relay runs in the network namespace of the command and in no other of its namespaces: the command cannot see it, and it
 * sees the host's files, a socket among them. Bubblewrap makes that namespace around both, as it brings its loopback
 * interface up, which takes a program that hosts may lack. The command starts once the relay listens.
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
if [ -z "$4" ]; then
  shift 7
  exec bwrap --args 3 -- "$@"
fi
shift 3
exec bwrap --unshare-net --dev-bind / / --die-with-parent -- bash --norc --noprofile -c '
  set -e
  read -r ready < <(exec "$1" "$2" "$3" "$4" 3<&- 4>&-)
  [ "$ready" = ready ]
  shift 4
  exec bwrap --args 3 -- "$@"
' kiln-relay "$@"
`;

/**
 * What `script` runs on the terminal that it makes: the words of the chain, which come on a descriptor as there is no other
 * way for values past its shell.
 */
export const terminalScript: string = `exec bash --norc --noprofile -c 'mapfile -d "" -t words <&5; exec 5<&-; exec "\${words[@]}"'`;
