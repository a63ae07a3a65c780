// Jest transformer: Node's own type stripping, so that tests run exactly what `node file.ts` runs.
import { stripTypeScriptTypes } from 'node:module'
export default {
  process: (source, path) => ({
    code: path.endsWith('.ts') ? stripTypeScriptTypes(source, { mode: 'strip' }) : source,
  }),
}
