import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** What the test needs of the machine: systemd's command, and a Perl, of which every Debian has the smallest. */
export const hasNotify = ['systemd-notify', 'perl'].every((program) => spawnSync(program, ['--version']).status === 0)

/** A unix socket for datagrams, which Node has none of. What comes with a message is dropped, so the sender sees it as read. */
const RECEIVER = String.raw`
use Socket; $| = 1;
socket(my $in, PF_UNIX, SOCK_DGRAM, 0) or die $!;
bind($in, pack_sockaddr_un($ARGV[0])) or die $!;
print "listening\n";
while (defined recv($in, my $message, 65536, 0)) { $message =~ s/\n/\x1f/g; print "$message\n" }`

export interface NotifySocket {
  readonly path: string
  /** All that came, in its order; each message as its assignments. */
  readonly messages: readonly (readonly string[])[]
  stop(): void
}

/** Listens as systemd does at `NOTIFY_SOCKET`. */
export async function listenAsSystemd(path: string): Promise<NotifySocket> {
  const child: ChildProcess = spawn('perl', ['-e', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const messages: (readonly string[])[] = []
  if (child.stdout === null) throw new TypeError('its output is piped')
  const lines = createInterface({ input: child.stdout })
  const failed = once(child, 'exit').then(() => Promise.reject(new Error(`nobody listens at ${path}`)))
  await Promise.race([once(lines, 'line'), failed])
  failed.catch(() => undefined)
  lines.on('line', (line) => {
    // What systemd-notify waits by; to be rid of the descriptor that comes along is the whole answer.
    if (line !== 'BARRIER=1') messages.push(line.split('\u001f').filter(Boolean))
  })
  return { path, messages, stop: () => void child.kill('SIGKILL') }
}
