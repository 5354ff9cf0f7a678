import { createRequire } from 'node:module';

/**
 * What `require('nestjs-typeorm-audit')` gives where ES modules can be required: those that `import` gives too, because
 * a process has to have one of each class.
 *
 * Where they can't be loaded, nobody can import them either, so it is the CommonJS build: the ES modules of nestjs-cls
 * 7.0 look for files that only NestJS 12 has.
 */
function load(): object {
  try {
    // By a require that bundlers don't follow, so that they take one of the two.
    return createRequire(__filename)('../esm/index.js') as object;
  } catch (error) {
    const { code } = error as { code?: string };
    // Node.js has the one code, jest and bundles the other.
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    return require('../cjs/index.js') as object;
  }
}

export = load();
