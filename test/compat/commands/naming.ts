import { DefaultNamingStrategy } from 'typeorm';

export class Snakes extends DefaultNamingStrategy {
  override tableName(className: string, given: string | undefined): string {
    return given ?? `${className.toLowerCase()}s`;
  }
  override columnName(property: string, given: string | undefined, prefixes: string[]): string {
    return (
      given ?? [...prefixes, property].join('_').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    );
  }
}
