"""The throttle: when may the next request go?"""
