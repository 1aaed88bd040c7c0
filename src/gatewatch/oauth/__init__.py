"""What may this program do?"""
