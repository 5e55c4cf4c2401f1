import { describeCrashes, oneMoment } from './crash-everywhere.ts'

// Every effect at one of the three moments; `npm run test:faults` has them all.
describeCrashes(oneMoment)
