// Apart from the schema, which takes longer to load than a short verb may run.

/** Read from the folder one is in. */
export const CONFIG_FILE = 'galaxy.yaml'

export const DEFAULT_DATA_DIR = '.galaxy'
