// Groups of types, by their normalized names (`driver.normalizeType()`).

export function isText(type: string): boolean {
  return /char|text|string|clob/i.test(type);
}

export function isBinary(type: string): boolean {
  return /blob|binary|bytea/.test(type);
}

export function isInteger(type: string): boolean {
  return /^(unsigned big |tiny|small|medium|big)?int(eger|\d)?$/.test(type);
}

export function isNumeric(type: string): boolean {
  return isInteger(type) || /^(decimal|dec|numeric|number|fixed|float|double|real|year)/.test(type);
}

/** Whether values of the type can be compared with a given value: not JSON, XML and shapes. */
export function isComparable(type: string): boolean {
  return !/^(jsonb?|xml|point|line|lseg|box|path|polygon|circle|geo|multi|curve|surface)/.test(type);
}

/** Whether the text of the type's values begins with a date. */
export function hasDay(type: string): boolean {
  return /^(date|timestamp)/.test(type);
}

/** Whether the driver gives the type's values as Date. */
export function isMoment(type: string): boolean {
  return /^(datetime|timestamp)/.test(type);
}

export function isBoolean(type: string): boolean {
  return /^bool/.test(type);
}
