"""Which symbols there are, and what `exchangeInfo` says of them. No clock, no socket."""

from dataclasses import dataclass

from tests.exchange.books import digits_of, written

TRADING = "TRADING"


@dataclass(frozen=True)
class Listing:
    """A symbol as the exchange lists it."""

    symbol: str
    status: str = TRADING
    contract_type: str = "PERPETUAL"

    @property
    def trades(self) -> bool:
        """Tell whether it is traded."""
        return self.status == TRADING


def exchange_info(listings: list[Listing], now_ms: int) -> dict[str, object]:
    """Return the answer to `exchangeInfo`."""
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, 2400), _limit("ORDERS", "MINUTE", 1, 1200),
        ],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_symbol(listing) for listing in listings],
    }  # fmt: skip


def _limit(kind: str, interval: str, number: int, limit: int) -> dict[str, object]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}


def _symbol(listing: Listing) -> dict[str, object]:
    digits, base = digits_of(listing.symbol), listing.symbol.removesuffix("USDT")
    tick, step = written(1, digits.price_decimals), written(1, digits.quantity_decimals)
    return {
        "symbol": listing.symbol,
        "pair": listing.symbol,
        "contractType": listing.contract_type,
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": listing.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": digits.price_decimals,
        "quantityPrecision": digits.quantity_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": "1000000",
                "tickSize": tick,
            },
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "1000000", "stepSize": step},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD", "RPI"],
    }
