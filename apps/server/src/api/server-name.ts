/** What every answer of the API has in its `Server` header, by which a client knows that it asked a factory. */
export const serverName = 'Kiln';
