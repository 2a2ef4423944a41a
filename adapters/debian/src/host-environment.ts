/** What apt may need of the environment: programs, and the proxies and certificates the host is set up with. */
const passed = /^(PATH|HOME|(http|https|ftp|all|no)_proxy|SSL_CERT_(FILE|DIR))$/i;

/** The part of an environment that is handed to apt. */
export function aptEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const entries = Object.entries(environment).filter(
    (entry): entry is [string, string] => passed.test(entry[0]) && entry[1] !== undefined,
  );
  return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...Object.fromEntries(entries) };
}
