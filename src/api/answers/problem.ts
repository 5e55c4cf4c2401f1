import { z } from 'zod'
import { PROBLEM_CODES } from '../problem.ts'

const detail = z
  .object({
    file: z.string().optional(),
    line: z.int().optional(),
    column: z.int().optional(),
    field: z.string().optional().describe('Dotted path of the field.'),
    message: z.string(),
  })
  .meta({ id: 'ProblemDetail', description: 'One thing that is wrong with a request.' })

export const problem = z
  .object({
    type: z.string().describe('`urn:galaxy:problem:` and the code.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong, and what to do.'),
    code: z.enum(PROBLEM_CODES),
    requestId: z.string().describe('As the log has it.'),
    errors: z.array(detail).optional().describe('Each thing that is wrong, where there is more to say than `detail`.'),
  })
  .meta({
    id: 'Problem',
    description: 'A problem document (RFC 9457).',
    examples: [
      {
        type: 'urn:galaxy:problem:not_found',
        title: 'Not found',
        status: 404,
        detail: 'there is no game andromeda',
        code: 'not_found',
        requestId: '019aa6c0-5b1e-7c3f-9d6a-1f0c2b3a4d5e',
      },
    ],
  })
