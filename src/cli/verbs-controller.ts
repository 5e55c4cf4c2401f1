import { type Command, Option } from 'commander'
import { loadConfigFor, loadRunningConfig } from './context.ts'
import type { DoctorOutput } from './doctor.ts'
import { type Output, outputOption } from './options.ts'
import type { Terminal } from './terminal.ts'

/** The verbs that need no running controller. */
export function addControllerVerbs(program: Command, terminal: Terminal): void {
  program
    .command('up')
    .description('start everything that is needed and the controller; Ctrl-C stops it and leaves the games running')
    .option('--simulate', 'on the Docker simulator, for a first look where there is no Docker: nothing real runs')
    .action(async (options: { simulate?: boolean }) => {
      const [loaded, { up }] = await Promise.all([loadConfigFor(terminal, options), import('./up.ts')])
      await up(terminal, loaded)
    })
  program
    .command('down')
    .description('end the games and all that `up` started; keeps their state and the database')
    .option('--simulate', 'end what `up --simulate` started')
    .action(async (options: { simulate?: boolean }) => {
      const [{ config }, { down }] = await Promise.all([loadConfigFor(terminal, options), import('./down.ts')])
      await down(terminal, config)
    })
  program
    .command('controller')
    .description('run the controller alone, over GALAXY_DATABASE_URL and a Docker daemon that are there')
    .action(async () => {
      const [loaded, { runControllerVerb }] = await Promise.all([loadConfigFor(terminal), import('./controller.ts')])
      await runControllerVerb(terminal, loaded)
    })
  program
    .command('migrate')
    .description('bring the database up to this release')
    .option('--from-embedded', 'first copy the embedded database into the empty one that GALAXY_DATABASE_URL names')
    .action(async (options: { fromEmbedded?: boolean }) => {
      const [{ config }, { migrate, moveFromEmbedded }] = await Promise.all([loadConfigFor(terminal), import('./migrate.ts')])
      await (options.fromEmbedded === true ? moveFromEmbedded(terminal, config) : migrate(terminal, config))
    })
  program
    .command('config')
    .description('show the settings that apply and where each comes from; secrets are hidden')
    .addOption(outputOption())
    .action(async (options: { output: Output }) => {
      const [loaded, { showConfig }] = await Promise.all([loadConfigFor(terminal), import('./show-config.ts')])
      await showConfig(terminal, loaded, options.output)
    })
  program
    .command('health')
    .description('ask the controller that was started from here whether it lives, for supervisors; exit 3 when it does not answer')
    .action(async () => {
      const [{ config }, { health }] = await Promise.all([loadRunningConfig(terminal), import('./health.ts')])
      await health(terminal, config)
    })
  program
    .command('doctor')
    .description('check the controller, Docker, network, database, clock, disk and permissions, and say what to do')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'json', 'yaml']).default('table'))
    .option('--json', 'as -o json')
    .action(async ({ json, output }: { json?: boolean; output: DoctorOutput }) => {
      const [{ config }, { doctor }] = await Promise.all([loadRunningConfig(terminal), import('./doctor.ts')])
      await doctor(terminal, config, json === true ? 'json' : output)
    })
}
