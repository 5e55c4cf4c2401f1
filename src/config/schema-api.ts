import { flag, headerText, httpUrl, integer, text } from './values.ts'
import { group, optional, secret, setting } from './setting.ts'

/** How the API is served. */
export const apiSettings = group({
  host: setting('GALAXY_API_HOST', text, '127.0.0.1', 'an address of this machine', 'Address the API listens on.'),
  port: setting('GALAXY_API_PORT', integer(0, 65_535), '7420', 'a port, or 0 for any free one', 'Port the API listens on.'),
  allowOpen: setting(
    'GALAXY_API_ALLOW_OPEN',
    flag,
    'false',
    'true or false',
    'Allow listening beyond loopback, where tokens travel unencrypted.',
  ),
  requestsPerSecond: setting(
    'GALAXY_API_REQUESTS_PER_SECOND',
    integer(1, 1_000_000),
    '100',
    'a number from 1 to 1000000',
    'Requests that one token may make per second, in the long run; what one address sends without a known token is limited alike.',
  ),
  requestBurst: setting(
    'GALAXY_API_REQUEST_BURST',
    integer(1, 1_000_000),
    '400',
    'a number from 1 to 1000000',
    'Requests that one token may make at once, after a pause.',
  ),
  connections: setting(
    'GALAXY_API_CONNECTIONS',
    integer(1, 100_000),
    '2000',
    'a number from 1 to 100000',
    'Connections that the API holds at once; one more is closed unheard.',
  ),
  openMetrics: setting(
    'GALAXY_METRICS_OPEN',
    flag,
    'false',
    'true or false',
    'Serve `/metrics` without a token, to whoever reaches the API’s address.',
  ),
  streamsPerToken: setting(
    'GALAXY_API_STREAMS_PER_TOKEN',
    integer(1, 100_000),
    '250',
    'a number from 1 to 100000',
    'Watches and logs that one token may have open at once.',
  ),
})

/** How the command line reaches an API that was not started from its folder. */
export const clientSettings = group({
  context: optional(
    'GALAXY_CONTEXT',
    text,
    'a name that `galaxy context list` shows',
    'Place that the command line talks to, as `--context` names it; it wins over GALAXY_API_URL and over `galaxy context use`.',
  ),
  url: optional(
    'GALAXY_API_URL',
    httpUrl,
    'http://host:port or https://host',
    'API that the command line asks, with GALAXY_TOKEN; without it, the one that was started from here.',
  ),
  token: secret(
    'GALAXY_TOKEN',
    headerText,
    'a token as `galaxy token create` prints it',
    'Token that the command line uses instead of the one in the data folder.',
  ),
})
