import { describeCrashes, everyMoment } from '../chaos/crash-everywhere.ts'

describeCrashes(everyMoment)
