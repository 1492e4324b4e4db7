"""How the host says no: four shapes of body, and the codes in them.

Texts are what users quote, shortened; only codes and a few key words in them mean anything.
"""

from __future__ import annotations

from enum import Enum

MSG1_WIDTH = 80

TEXTS = {
    "EGW00002": "서버 에러가 발생했습니다.",
    "EGW00102": "AppKey는 필수입니다.",
    "EGW00103": "유효하지 않은 AppKey입니다.",
    "EGW00104": "AppSecret은 필수입니다.",
    "EGW00105": "유효하지 않은 AppSecret입니다.",
    "EGW00115": "grant_type은 필수입니다.",
    "EGW00116": "지원하지 않는 grant_type입니다.",
    "EGW00121": "유효하지 않은 token 입니다.",
    "EGW00122": "token이 없습니다.",
    "EGW00123": "기간이 만료된 token 입니다.",
    "EGW00131": "유효하지 않은 hashkey입니다.",
    "EGW00132": "유효하지 않은 Content-Type입니다.",
    "EGW00133": "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)",
    "EGW00201": "초당 거래건수를 초과하였습니다.",
    "EGW00202": "GW라우팅 중 오류가 발생했습니다.",
    "EGW00203": "OPS라우팅 중 오류가 발생했습니다.",
    "EGW00205": "credentials_type이 유효하지 않습니다.(Bearer)",
    "EGW00208": "custtype이 유효하지 않습니다.",
    "EGW00210": "모의투자는 개인고객만 이용 가능합니다.",
    "EGW00215": "원장 초당 거래건수를 초과하였습니다.",
    "EGW00300": "gateway 라우팅 오류입니다.",
    "EGW00301": "연결시간이 초과되었습니다. 직전거래를 반드시 확인하세요.",
    "EGW00302": "거래시간이 초과되었습니다. 직전거래를 반드시 확인하세요.",
    "EGW00304": "고객식별키의 appsecret이 유효하지 않습니다.",
    "EGW00316": "조회 처리 중 오류가 발생했습니다. 다시 조회하여 주십시오.",
    "EGW02004": "실전투자 TR 또는 모의투자 TR을 확인하세요.",
    "IGW00009": "응답 전문 조립 중 오류가 발생했습니다.",
    "SYDB0050": "조회 이후 자료가 변경되었습니다. 다시 조회하십시오.",
}


class Refused(Exception):  # noqa: N818 - the host's way to say no
    """The call is refused, and nothing of it was done."""

    def __init__(self, status: int, body: dict[str, object]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def padded(text: str) -> str:
    """Return msg1 as the ledger sends it: blanks up to its width."""
    return text.ljust(MSG1_WIDTH)


def gateway(code: str, status: int = 500) -> Refused:
    """Refuse at the gateway: nothing behind it saw the call."""
    body: dict[str, object] = {
        "rt_cd": "1",
        "msg1": TEXTS.get(code, code),
        "msg_cd": code,
        "message": code,
    }
    return Refused(status, body)


def oauth(code: str) -> Refused:
    """Refuse at a token endpoint, whose errors have other names."""
    return Refused(403, {"error_code": code, "error_description": TEXTS[code]})


def refused(rt_cd: str, code: str, text: str, status: int = 200) -> Refused:
    return Refused(status, {"rt_cd": rt_cd, "msg_cd": code, "msg1": padded(text)})


def field_missing(name: str) -> Refused:
    return refused("2", "OPSQ2001", f"ERROR : INPUT FIELD NOT FOUND [{name}]")


def field_wrong(name: str) -> Refused:
    return refused("2", "OPSQ2002", f"ERROR : INPUT FIELD_SIZE [{name}]")


def wrong_account() -> Refused:
    return refused("2", "OPSQ2000", "ERROR : INPUT INVALID_CHECK_ACNO")


def unknown_service() -> Refused:
    return refused("1", "OPSQ0002", "없는 서비스 코드 입니다.")


def not_in_paper() -> Refused:
    return refused("1", "90000000", "모의투자에서는 해당업무가 제공되지 않습니다.")


class Reason(Enum):
    """Why an order is not taken: the real answer (rt_cd, code), paper's code, the text.

    The real codes for ticks, price limits and halts are not known to anybody who wrote them down:
    APBK999x are made up, and a client has to refuse by default.
    """

    CASH = ("7", "APBK0952", "40250000", "주문가능금액을 초과 했습니다")
    HOLDING = ("1", "APBK0400", "40240000", "주문가능수량을 초과했습니다. 잔고 부족")
    TICK = ("1", "APBK9991", "40030000", "호가단위를 확인하십시오")
    PRICE_LIMITS = ("1", "APBK9992", "40270000", "상/하한가를 벗어난 주문입니다")
    HALTED = ("1", "APBK9993", "40070000", "매매거래정지 종목입니다")
    QUANTITY = ("7", "APMP0001", "40160000", "주문수량을 확인하십시오")
    PRICE_MISSING = ("7", "APMP0001", "40160000", "주문단가를 확인하십시오")
    CLOSED = ("1", "APBK0918", "40580000", "장운영시간이 아닙니다. (장종료)")
    BEFORE_OPEN = ("1", "APBK0918", "40570000", "장운영시간이 아닙니다. (장시작전)")
    HOLIDAY = ("1", "APBK0919", "40100000", "장운영일자가 상이합니다. 영업일이 아닙니다")
    NO_SYMBOL = ("1", "APBK0656", "40070000", "해당종목정보가 없습니다")
    DIVISION = ("1", "APBK1943", "90000000", "해당 주문구분은 지금 주문할 수 없습니다")
    AFTER_MARKET = ("1", "APBK3013", "90000000", "애프터마켓은 지정가, 최유리, 최우선만 가능합니다")
    NOT_IN_SOR = ("1", "APBK3009", "90000000", "SOR 주문이 불가한 종목입니다")
    NO_ORIGINAL = ("1", "APBK0344", "40330000", "원주문정보가 존재하지 않습니다")
    NOTHING_LEFT = ("1", "APBK0927", "40330000", "정정취소 가능수량이 없습니다")
    TOO_MUCH = ("7", "APBK1359", "40330000", "정정취소가능수량을 초과하였습니다")

    def __init__(self, rt_cd: str, real: str, paper: str, text: str) -> None:
        self.rt_cd = rt_cd
        self.real = real
        self.paper = paper
        self.text = text

    def spoken(self, *, paper: bool, status: int = 200) -> Refused:
        if paper:
            return refused("1", self.paper, f"모의투자 {self.text}", status)
        return refused(self.rt_cd, self.real, self.text, status)


class OrderRefused(Exception):  # noqa: N818 - as Refused
    """The ledger does not take an order, an amendment or a cancellation."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason
