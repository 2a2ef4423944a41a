/** The environment of the programs around a sandbox; nothing of the caller's own reaches them. */
export const hostEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};
