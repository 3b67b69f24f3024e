/** The exchange's own processes as programs. */
import { fileURLToPath } from 'node:url';
import { type DataDir, logFile } from './data-dir.js';
import { ENGINE_OPTIONS, NODE_OPTIONS, type Program } from './program.js';

/** @param name the program's, with a number where there are several: `engine`, `api-2` */
export function ownProgram(name: string, dataDir: DataDir, env: NodeJS.ProcessEnv): Program {
  const program = name.replace(/-\d+$/, '');
  const main = fileURLToPath(new URL(`../../${program}/main.js`, import.meta.url));
  return {
    name,
    command: [process.execPath, ...(program === 'engine' ? ENGINE_OPTIONS : NODE_OPTIONS), main],
    workingFolder: dataDir.run,
    env: { ...env, INSTANCE: name },
    logFile: logFile(dataDir, name),
    stopSignal: 'SIGTERM',
    // The engine and the api are waited for.
    isPatient: program === 'db-writer',
  };
}
