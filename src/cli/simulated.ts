/** What a person is told wherever a simulation could be taken for the real thing. */
export const SIMULATED = 'This is a simulation, on the Docker simulator: nothing real runs.'
