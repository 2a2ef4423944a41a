/** Whether a host, with a port or without, is this machine, as names below localhost are too (RFC 6761, 6.3). */
export function isOwnHost(host: string): boolean {
  return /^((?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)/.test(host);
}
