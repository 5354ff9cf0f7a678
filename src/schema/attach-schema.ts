import { extendSchemaBuilders } from '../typeorm/patches/schema-builder.patch.js';
import { schemaExtension } from './build-schema.js';

// When the library is loaded: TypeORM's CLI attaches nothing.
extendSchemaBuilders(schemaExtension);
