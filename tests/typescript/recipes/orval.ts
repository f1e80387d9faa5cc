/** Around each name, key or id that a function puts into its path. */
export const encoded = (text: string): string => encodeURIComponent(text);
