/** The lines of TypeORM that the library works with. */
export const lines: readonly ['1', '0.3'];

/** The folder of the entities, in the repository and in what is compiled. */
export const entities: string;

/**
 * Compiles the library, the scenarios and the entities into a new folder. Remove it when done.
 *
 * @param line of TypeORM: 1 as the repository has it, 0.3 installed once and kept in the system's folder for
 *   temporary files
 * @param library another checkout, whose library is taken
 * @returns the folder
 */
export function prepareProject(line: string, library?: string): Promise<string>;

/** Where the packages of a line of TypeORM are. */
export function modulesOf(line: string): Promise<string>;

/**
 * Compiles a folder as it is now.
 *
 * @param module how modules are written; default: `es6`
 */
export function compile(from: string, to: string, module?: 'es6' | 'commonjs'): Promise<void>;
