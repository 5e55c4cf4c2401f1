import { type Command, Option } from 'commander'
import { dryRunOption, type Output, outputOption, positiveInteger, repeated, talks } from './options.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'
import type { VersionFlags } from './version-flags.ts'

/** `galaxy version …`: the registry of engine versions. */
export function addVersionVerbs(program: Command, terminal: Terminal): void {
  const version = program
    .command('version')
    .description('register, list, disable and delete engine versions; alone, tell the version of this program')
  // Elsewhere `version` alone asks for the program's own.
  version.action(() => {
    printLine(terminal, `galaxy ${program.version()}`)
    warnLine(terminal, 'engine versions: galaxy version list')
  })
  addAdd(version, terminal)
  addList(version, terminal)
  addSwitch(version, terminal, 'disable', 'let a version start no new game; running ones are left alone')
  addSwitch(version, terminal, 'enable', 'let a version start games again')
  addDelete(version, terminal)
}

interface WriteFlags {
  readonly engine: string
  readonly dryRun?: boolean
}

function addAdd(version: Command, terminal: Terminal): void {
  const add = withWriteFlags(version.command('add'))
    .description('register engine versions, each with these flags; a manifest of kind EngineVersion says the same')
    .argument('<new-version...>', 'semantic versions such as 1.0.0')
    .option('--image <ref>', 'image; left out, the image template applies')
    .addOption(new Option('--protocol <name>', 'galaxy: init and turns; none: any server at all').choices(['galaxy', 'none']))
    .option('--probe <probe>', 'http:/PATH:PORT, tcp:PORT, docker, none, or JSON')
    .option('--port <n>', 'port the engine listens on; 8080 when left out', positiveInteger)
    .option('--command <words>', "replaces the image's command; a JSON list where a word has spaces")
    .addOption(repeated('--env <name=value>', 'environment variable; may be repeated'))
    .addOption(repeated('--publish <port>', '[ADDRESS:]HOSTPORT:CONTAINERPORT[/udp], on 127.0.0.1 unless said; may be repeated'))
    .addOption(
      repeated('--relax <what>', 'writableRoot, newPrivileges, noInit, capAdd=NAME, tmpfs=/PATH, user=NAME, or JSON; may be repeated'),
    )
  talks(add, terminal, async (open, versions: string[], options: VersionFlags & WriteFlags) => {
    const [client, { addVersions }] = await Promise.all([open(), import('./version.ts')])
    await addVersions(terminal, client, versions, { ...options, dryRun: options.dryRun === true })
  })
}

function addList(version: Command, terminal: Terminal): void {
  const list = version
    .command('list')
    .alias('ls')
    .description('list the registered engine versions, as `galaxy get versions` does')
    .addOption(outputOption())
  talks(list, terminal, async (open, { output }: { output: Output }) => {
    const [client, { get }] = await Promise.all([open(), import('./get.ts')])
    await get(terminal, client, 'versions', [], { output, selector: null, limit: 1 })
  })
}

function addSwitch(version: Command, terminal: Terminal, verb: 'enable' | 'disable', description: string): void {
  const command = withWriteFlags(version.command(verb)).description(description).argument('<version...>', 'semantic versions')
  talks(command, terminal, async (open, versions: string[], { engine, dryRun }: WriteFlags) => {
    const [client, { switchVersions }] = await Promise.all([open(), import('./version.ts')])
    await switchVersions(terminal, client, versions, { verb, engine, dryRun: dryRun === true })
  })
}

function addDelete(version: Command, terminal: Terminal): void {
  const remove = withWriteFlags(version.command('delete'))
    .description('take engine versions out of the registry; refused while games desire them')
    .argument('<version...>', 'semantic versions')
  talks(remove, terminal, async (open, versions: string[], { engine, dryRun }: WriteFlags) => {
    const [client, { deleteVersions }] = await Promise.all([open(), import('./version.ts')])
    await deleteVersions(terminal, client, versions, { engine, dryRun: dryRun === true })
  })
}

function withWriteFlags(command: Command): Command {
  return command.option('--engine <name>', 'the engine', 'galaxy').addOption(dryRunOption())
}
