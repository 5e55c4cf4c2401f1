/**
 * What `relax.capAdd` may give back to an engine: what Docker itself leaves every container, and two that a server may want for its timing and its memory.
 * Each of the others reaches beyond the container (SYS_ADMIN, SYS_MODULE and DAC_READ_SEARCH are as good as root on the host).
 */
export const GRANTABLE: readonly string[] = (
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT ' +
  'IPC_LOCK SYS_NICE'
).split(' ')

/** @param name as Docker takes it, in any case and with `CAP_` or without */
export function isGrantable(name: string): boolean {
  return GRANTABLE.includes(name.toUpperCase().replace(/^CAP_/, ''))
}
