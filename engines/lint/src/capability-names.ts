/** The kernel's names of capabilities by bit (`linux/capability.h`). */
const names =
  `chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast
  net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice
  sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
  wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore`.split(/\s+/);

/** The capabilities of the kernel by bit, as `CAP_CHOWN`. */
export const capabilityNames: readonly string[] = names.map((name) => `CAP_${name.toUpperCase()}`);

/**
 * The capabilities that an attribute `security.capability` (revision 2 or 3) gives to whoever runs the file, permitted or
 * inheritable, sorted by bit. One that cannot be read is told as `unreadable`: it must not pass for none.
 */
export function capabilitiesIn(attribute: Uint8Array): readonly string[] {
  const bytes = Buffer.from(attribute);
  const revision = bytes.length < 4 ? 0 : bytes.readUInt32LE(0) >>> 24;
  if ((revision !== 2 && revision !== 3) || bytes.length !== (revision === 2 ? 20 : 24))
    return ['unreadable'];
  const words = [4, 12].map((at) => (bytes.readUInt32LE(at) | bytes.readUInt32LE(at + 4)) >>> 0);
  return Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => (((words[bit >> 5] ?? 0) >>> (bit & 31)) & 1) === 1)
    .map((bit) => (names[bit] === undefined ? `cap_${bit}` : `cap_${names[bit]}`));
}
