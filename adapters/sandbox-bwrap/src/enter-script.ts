/**
 * The one shell text of the sandbox. It holds no values: these come as positional parameters.
 *
 *   $1  options for the overlay, or "" when the root is ready as it is
 *   $2  where to mount it
 *   $@  the command, after `shift 2`
 *
 * Writes to descriptor 4 `first` and its process number as `/proc`, still the caller's, knows it.
 * From there on /proc is that of the new pid namespace, where the kernel allows it: bubblewrap looks its child up in it.
 * Runs as the mapped root of a new user and mount namespace, so that the mount is gone with its processes.
 * Descriptors which a careless ancestor left open are closed: a build must not inherit them.
 */
export const enterScript: string = `
set -e
read -r pid rest </proc/self/stat
echo "first $pid" >&4
mount -n -t proc proc /proc 2>/dev/null || :
umask 022
exec 2>&1
for fd in /proc/self/fd/*; do
  fd=\${fd##*/}
  case $fd in
    0|1|2|3|4|*[!0-9]*) ;;
    *) eval "exec $fd>&-" ;;
  esac
done
if [ -n "$1" ]; then mount -n -t overlay -o "$1" overlay "$2"; fi
shift 2
exec bwrap --args 3 -- "$@"
`;
